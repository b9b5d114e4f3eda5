//! What we write, read by programs that share no line with us.

#[cfg(test)]
mod py3amf;
#[cfg(test)]
mod tshark;
