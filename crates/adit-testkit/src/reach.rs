//! The reach lab: networks with firewalls and proxies in them, and what each client makes of them.
//!
//! Everything is made of network namespaces, so it needs root, and nothing outside them is touched or reached. See
//! [`conditions`] for what there is; the program `reach` runs it.

pub mod certs;
pub mod clip;
pub mod columns;
pub mod condition;
pub mod conditions;
pub mod control;
pub mod fault;
pub mod flv;
pub mod lab;
pub mod net;
pub mod ntlm;
pub mod row;
pub mod rules;
pub mod services;
pub mod stop;
pub mod table;
pub mod upload;
pub mod watched;
