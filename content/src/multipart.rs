//! The body of an answer with several ranges: multipart/byteranges (RFC 9110, section 14.6).
//!
//! Pure: plans the pieces and their exact length before a byte is read. `stream` sends the plan.

use crate::range::ByteRange;
use bytes::Bytes;

/// The plan of a multipart body.
#[derive(Clone, Debug)]
pub struct Multipart {
    boundary: String,
    pieces: Vec<Piece>,
}

/// One run of bytes of the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Headers of a part, or the end.
    Text(Bytes),
    /// Bytes of the blob.
    Range(ByteRange),
}

impl Multipart {
    /// Plan the parts of a blob of `len` bytes and type `mime`. `boundary` must be random enough never to stand in a
    /// blob, and of letters and digits only.
    pub fn plan(parts: &[ByteRange], len: u64, mime: &str, boundary: String) -> Self {
        let mut pieces = Vec::with_capacity(parts.len() * 2 + 1);
        for part in parts {
            let head = format!(
                "\r\n--{boundary}\r\nContent-Type: {mime}\r\nContent-Range: {}\r\n\r\n",
                part.content_range(len)
            );
            pieces.push(Piece::Text(head.into()));
            pieces.push(Piece::Range(*part));
        }
        pieces.push(Piece::Text(format!("\r\n--{boundary}--\r\n").into()));
        Self { boundary, pieces }
    }

    /// The value of `Content-Type` for the whole answer.
    pub fn content_type(&self) -> String {
        format!("multipart/byteranges; boundary={}", self.boundary)
    }

    /// The exact length of the body.
    pub fn content_length(&self) -> u64 {
        self.pieces.iter().map(Piece::size).sum()
    }

    /// The runs of bytes in order.
    pub fn into_pieces(self) -> Vec<Piece> {
        self.pieces
    }
}

impl Piece {
    fn size(&self) -> u64 {
        match self {
            Self::Text(text) => text.len() as u64,
            Self::Range(range) => range.size(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // 15.3.7.2: "Within the header area of each body part in the multipart payload, the server MUST generate a
    // Content-Range header field corresponding to the range being enclosed in that body part."
    #[test]
    fn every_part_has_its_type_and_range() {
        let parts = [ByteRange { start: 500, last: 999 }, ByteRange { start: 7000, last: 7999 }];
        let plan = Multipart::plan(&parts, 8000, "video/mp4", "EDGE".to_owned());
        assert_eq!(plan.content_type(), "multipart/byteranges; boundary=EDGE");
        let length = plan.content_length();
        let pieces = plan.into_pieces();
        let text: String = pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => String::from_utf8_lossy(text).into_owned(),
                Piece::Range(range) => format!("<{}>", range.size()),
            })
            .collect();
        assert_eq!(
            text,
            "\r\n--EDGE\r\nContent-Type: video/mp4\r\nContent-Range: bytes 500-999/8000\r\n\r\n<500>\
             \r\n--EDGE\r\nContent-Type: video/mp4\r\nContent-Range: bytes 7000-7999/8000\r\n\r\n<1000>\r\n--EDGE--\r\n"
        );
        assert_eq!(length, text.len() as u64 - "<500><1000>".len() as u64 + 1500);
    }
}
