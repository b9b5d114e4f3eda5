//! One certificate, from the account to the files.

use std::io;
use std::time::{Duration, SystemTime};

use adit_net::tls::{Answering, Readers, Tls, write_whole};
use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, ChallengeType, Error, Identifier, NewAccount,
    NewOrder, Order, OrderStatus, RetryPolicy,
};
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;

use super::record::Record;
use super::{AcmeConfig, AcmeError, AcmeProof};

/// Has a certificate issued and shows it. Cancel-safe as far as it matters: what was asked for and not fetched is lost.
pub(super) async fn issue(config: &AcmeConfig, tls: &Tls) -> Result<Record, AcmeError> {
    let account = account(config).await?;
    let asked = |error: Error| authority(config, &error);
    let names: Vec<_> = config.names.iter().cloned().map(Identifier::Dns).collect();
    let order = account.new_order(&NewOrder::new(&names)).await;
    let mut order = order.map_err(asked)?;
    let answering = answer(config, tls, &mut order).await?;
    let patience = RetryPolicy::new().timeout(PATIENCE);
    match order.poll_ready(&patience).await {
        Ok(OrderStatus::Ready) => {}
        Ok(status) => return Err(refusal(&mut order, format!("the order is {status:?}")).await),
        Err(error) => return Err(refusal(&mut order, error.to_string()).await),
    }
    drop(answering);
    let key = order.finalize().await.map_err(asked)?;
    let certificate = order.poll_certificate(&patience).await;
    let certificate = certificate.map_err(|error| AcmeError::Refused(error.to_string()))?;
    let shown = tls.clone();
    let source = config.source();
    let replaced = spawn_blocking(move || shown.replace(&source, &certificate, &key)).await;
    replaced.map_err(|defect| AcmeError::Refused(defect.to_string()))??;
    Ok(Record::new(config, SystemTime::now()))
}

/// The account that is kept, or a new one.
async fn account(config: &AcmeConfig) -> Result<Account, AcmeError> {
    let asked = |error: Error| authority(config, &error);
    let builder = match &config.authority_root {
        Some(root) => Account::builder_with_root(root),
        None => Account::builder(),
    };
    let builder = builder.map_err(asked)?;
    let path = config.state_directory.join("acme-account.json");
    let failed = |cause: String| AcmeError::File {
        path: path.clone(),
        cause,
    };
    match tokio::fs::read(&path).await {
        Ok(kept) => {
            let kept: Kept =
                serde_json::from_slice(&kept).map_err(|error| failed(error.to_string()))?;
            if kept.directory == config.directory {
                return builder
                    .from_credentials(kept.credentials)
                    .await
                    .map_err(asked);
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error.to_string())),
    }
    let contact = config
        .contact
        .as_ref()
        .map(|address| format!("mailto:{address}"));
    let contact: Vec<_> = contact.iter().map(String::as_str).collect();
    let new = NewAccount {
        contact: &contact,
        terms_of_service_agreed: true,
        only_return_existing: false,
    };
    let created = builder.create(&new, config.directory.clone(), None).await;
    let (account, credentials) = created.map_err(asked)?;
    let kept = Kept {
        directory: config.directory.clone(),
        credentials,
    };
    let text = serde_json::to_vec(&kept).map_err(|error| failed(error.to_string()))?;
    let place = path.clone();
    let written = spawn_blocking(move || write_whole(&place, &text, Readers::Owner)).await;
    let written = written.unwrap_or_else(|defect| Err(defect.into()));
    written.map_err(|error| failed(error.to_string()))?;
    Ok(account)
}

/// An account and where it is good for.
#[derive(Serialize, Deserialize)]
struct Kept {
    directory: String,
    credentials: AccountCredentials,
}

/// Answers for every name that is not proven yet, and says so to the authority.
async fn answer(
    config: &AcmeConfig,
    tls: &Tls,
    order: &mut Order,
) -> Result<Vec<Answering>, AcmeError> {
    let (kind, word) = match config.proof {
        AcmeProof::Http01 => (ChallengeType::Http01, "http-01"),
        AcmeProof::TlsAlpn01 => (ChallengeType::TlsAlpn01, "tls-alpn-01"),
    };
    let mut answering = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization.map_err(|error| authority(config, &error))?;
        if authorization.status == AuthorizationStatus::Valid {
            continue;
        }
        let name = authorization.identifier().to_string();
        let Some(mut challenge) = authorization.challenge(kind.clone()) else {
            return Err(AcmeError::NoSuchProof { name, kind: word });
        };
        let proof = challenge.key_authorization();
        answering.push(match config.proof {
            AcmeProof::Http01 => tls
                .challenges()
                .answer_http(&challenge.token, proof.as_str()),
            AcmeProof::TlsAlpn01 => tls.answer_tls_challenge(&name, proof.digest().as_ref())?,
        });
        let told = challenge.set_ready().await;
        told.map_err(|error| authority(config, &error))?;
    }
    Ok(answering)
}

/// Which name was not proven and why, in the words of the authority; else `cause`.
async fn refusal(order: &mut Order, cause: String) -> AcmeError {
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        if authorization.refresh().await.is_err() {
            continue;
        }
        let failed = authorization
            .challenges
            .iter()
            .find_map(|challenge| challenge.error.as_ref());
        if let Some(problem) = failed {
            let name = authorization.identifier().to_string();
            let cause = problem.to_string();
            return AcmeError::NotFound { name, cause };
        }
    }
    AcmeError::Refused(cause)
}

fn authority(config: &AcmeConfig, error: &Error) -> AcmeError {
    AcmeError::Authority {
        directory: config.directory.clone(),
        cause: with_causes(error),
    }
}

/// An error and what is behind it, which says more: `client error (Connect): invalid peer certificate: UnknownIssuer`.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let words = cause.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        next = cause.source();
    }
    text
}

/// How long the authority may take to look at the answers, and to make the certificate.
const PATIENCE: Duration = Duration::from_mins(2);

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Layer(&'static str, #[source] Option<Box<Self>>);

    #[test]
    fn what_is_behind_an_error_is_told_and_nothing_twice() {
        let deepest = Layer("CaUsedAsEndEntity", None);
        let deep = Layer(
            "bad certificate: CaUsedAsEndEntity",
            Some(Box::new(deepest)),
        );
        let error = Error::Other(Box::new(Layer(
            "client error (Connect)",
            Some(Box::new(deep)),
        )));
        assert_eq!(
            with_causes(&error),
            "client error (Connect): bad certificate: CaUsedAsEndEntity"
        );
    }
}
