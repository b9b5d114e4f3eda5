//! Test parts for Adit: scripted peers, hostile proxies, real peers found and run.
