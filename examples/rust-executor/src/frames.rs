//! Frames: four bytes of length, little-endian, and a payload.
//!
//! A length is only a claim: memory grows with the bytes that really arrive.

use std::io::{self, Read, Write};

/// The most bytes of a payload, in both directions.
pub const LARGEST: u32 = 64 * 1024 * 1024;

/// What the next frame is.
pub enum Frame {
    Payload(Vec<u8>),
    /// The length is above [`LARGEST`]; the payload was not read.
    TooLarge(u32),
    /// The input ended where a frame could have begun.
    End,
}

/// Read the next frame; an input that ends inside one is an error.
pub fn read(input: &mut impl Read) -> io::Result<Frame> {
    let mut header = Vec::with_capacity(4);
    input.by_ref().take(4).read_to_end(&mut header)?;
    if header.is_empty() {
        return Ok(Frame::End);
    }
    let length = match <[u8; 4]>::try_from(header) {
        Ok(bytes) => u32::from_le_bytes(bytes),
        Err(_) => return Err(io::ErrorKind::UnexpectedEof.into()),
    };
    if length > LARGEST {
        return Ok(Frame::TooLarge(length));
    }
    let mut payload = Vec::new();
    input.by_ref().take(u64::from(length)).read_to_end(&mut payload)?;
    if payload.len() < length as usize {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Frame::Payload(payload))
}

/// Write one frame and flush it.
pub fn write(output: &mut impl Write, payload: &[u8]) -> io::Result<()> {
    let length = u32::try_from(payload.len()).map_err(io::Error::other)?;
    output.write_all(&length.to_le_bytes())?;
    output.write_all(payload)?;
    output.flush()
}
