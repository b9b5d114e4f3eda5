//! The certificates of the lab: a public authority that signed the server, and a company's own that intercepts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::condition::HOST;
use crate::process::Process;

const MADE_WITHIN: Duration = Duration::from_secs(30);

/// A folder with them.
///
/// | file | what |
/// |---|---|
/// | `public.pem`, `public.key` | the authority that everybody trusts |
/// | `company.pem`, `company.key` | the authority of the company, which only its machines trust |
/// | `trust.pem` | both |
/// | `server.pem`, `server.key`, `server-both.pem` | the server's, signed by the public authority |
/// | `gate.pem`, `gate.key`, `gate-both.pem` | the gateway's, for a proxy reached by TLS |
#[derive(Debug)]
pub struct Certificates {
    folder: PathBuf,
}

impl Certificates {
    /// Makes them in `folder`.
    pub fn make(folder: PathBuf) -> Self {
        fs::create_dir_all(&folder).expect("a folder in the folder of the run");
        let certificates = Self { folder };
        certificates.authority("public", "Lab Public Root");
        certificates.authority("company", "Example Company Inspection CA");
        certificates.leaf("server", &format!("DNS:{HOST}"));
        certificates.leaf(
            "gate",
            "DNS:gate.example.test,DNS:portal.example.test,IP:192.0.2.1",
        );
        certificates.join("trust.pem", &["public.pem", "company.pem"]);
        certificates
    }

    /// Where they are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// One of the files.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn authority(&self, name: &str, title: &str) {
        let subject = format!("/CN={title}");
        let extension = "basicConstraints=critical,CA:TRUE";
        self.openssl(&[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "30",
            "-subj",
            &subject,
            "-addext",
            extension,
            "-addext",
            "keyUsage=critical,keyCertSign,cRLSign",
            "-keyout",
            &format!("{name}.key"),
            "-out",
            &format!("{name}.pem"),
        ]);
        self.open(&format!("{name}.key"));
    }

    fn leaf(&self, name: &str, names: &str) {
        let key = format!("{name}.key");
        let request = format!("{name}.csr");
        self.openssl(&[
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            &format!("/CN={name}"),
            "-keyout",
            &key,
            "-out",
            &request,
        ]);
        let extensions = format!("{name}.ext");
        fs::write(
            self.file(&extensions),
            format!(
                "subjectAltName={names}\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n"
            ),
        )
        .expect("a new folder takes files");
        let certificate = format!("{name}.pem");
        self.openssl(&[
            "x509",
            "-req",
            "-in",
            &request,
            "-CA",
            "public.pem",
            "-CAkey",
            "public.key",
            "-CAcreateserial",
            "-days",
            "30",
            "-extfile",
            &extensions,
            "-out",
            &certificate,
        ]);
        self.join(&format!("{name}-both.pem"), &[&certificate, &key]);
        self.open(&key);
    }

    fn join(&self, into: &str, parts: &[&str]) {
        let text: String = parts
            .iter()
            .map(|part| fs::read_to_string(self.file(part)).expect("it was made"))
            .collect();
        fs::write(self.file(into), text).expect("a new folder takes files");
    }

    /// A proxy that gave up being root reads them, too; they are worth nothing outside.
    fn open(&self, name: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(self.file(name), fs::Permissions::from_mode(0o644))
            .expect("it is ours");
    }

    fn openssl(&self, arguments: &[&str]) {
        let mut command = Command::new("openssl");
        command.args(arguments).current_dir(&self.folder);
        Process::run("openssl", &mut command, MADE_WITHIN);
    }
}
