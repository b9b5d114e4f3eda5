//! The configuration as an operator meets it: what is said about mistakes, what lies over what, and what a reload does.
#![cfg(test)]

mod environment;
mod file;
mod layers;
mod shown;
mod support;
mod together;
