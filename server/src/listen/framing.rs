//! Where a request ends in the bytes of a connection (RFC 9112 section 6), and nothing else of it: whoever speaks HTTP
//! judges the request itself.

/// The longest head that is looked into; a longer one is refused by whoever parses it.
const LONGEST_HEAD: usize = 256 * 1024;

/// How far into a request the bytes have come that were let through.
#[derive(Debug)]
pub enum Framing {
    /// In its head, of which these bytes have come.
    Head(Vec<u8>),
    /// So many bytes of its body are to come.
    Body(u64),
    /// In a body that comes in chunks (section 7.1).
    Chunks(Chunks),
    /// What comes can't be told apart any more.
    Unknown,
}

/// How far into a chunked body.
#[derive(Debug, PartialEq, Eq)]
pub enum Chunks {
    /// In the line that says how long the next one is, of which these digits have come; `false` behind the digits.
    Size(u64, bool),
    /// So many bytes of one are to come.
    Data(u64),
    /// In the line end behind one.
    End,
    /// In the lines behind the last, the present one being empty or not.
    Trailer(bool),
}

impl Default for Framing {
    fn default() -> Self {
        Self::Head(Vec::new())
    }
}

impl Framing {
    /// Goes on over these bytes, at most to the end of the request: how many of them belong to it, and whether it ends
    /// there. A next request begins behind.
    pub fn go_on(&mut self, bytes: &[u8]) -> (usize, bool) {
        let mut gone = 0;
        while let Some(rest) = bytes.get(gone..).filter(|rest| !rest.is_empty()) {
            let (step, ends) = match self {
                Self::Head(head) => in_head(head, rest),
                Self::Body(left) => {
                    let step = usize::try_from(*left).unwrap_or(usize::MAX).min(rest.len());
                    *left -= step as u64;
                    (step, (*left == 0).then(Self::default))
                }
                Self::Chunks(chunks) => chunks.go_on(rest),
                Self::Unknown => (rest.len(), None),
            };
            gone += step;
            match ends {
                Some(Self::Head(_)) => {
                    *self = Self::default();
                    return (gone, true);
                }
                Some(next) => *self = next,
                None => {}
            }
        }
        (gone, false)
    }
}

/// Takes bytes of a head; behind its last line, what follows it: a body, or the next head.
fn in_head(head: &mut Vec<u8>, bytes: &[u8]) -> (usize, Option<Framing>) {
    let mut gone = 0;
    for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
        head.extend_from_slice(piece);
        gone += piece.len();
        // Empty lines before a request are no part of it (section 2.2).
        if head == b"\n" || head == b"\r\n" {
            head.clear();
        } else if head.ends_with(b"\n\r\n") || head.ends_with(b"\n\n") {
            return (gone, Some(body_of(head)));
        } else if head.len() > LONGEST_HEAD {
            return (gone, Some(Framing::Unknown));
        }
    }
    (gone, None)
}

/// How the body of a request with this head is framed (section 6.3).
fn body_of(head: &[u8]) -> Framing {
    let mut length = 0;
    for line in head.split(|byte| *byte == b'\n').skip(1) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = line.split_at(colon);
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        if name.eq_ignore_ascii_case(b"transfer-encoding") {
            return Framing::Chunks(Chunks::Size(0, true));
        }
        if name.eq_ignore_ascii_case(b"content-length") {
            let told = std::str::from_utf8(value).ok().and_then(|text| text.parse::<u64>().ok());
            let Some(told) = told else { return Framing::Unknown };
            length = told;
        }
    }
    if length == 0 { Framing::default() } else { Framing::Body(length) }
}

impl Chunks {
    fn go_on(&mut self, bytes: &[u8]) -> (usize, Option<Framing>) {
        if let Self::Data(left) = self {
            let step = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
            *left -= step as u64;
            if *left == 0 {
                *self = Self::End;
            }
            return (step, None);
        }
        let byte = bytes.first().copied().unwrap_or_default();
        let line_ends = byte == b'\n';
        match self {
            Self::Size(0, _) if line_ends => *self = Self::Trailer(true),
            Self::Size(size, _) if line_ends => *self = Self::Data(*size),
            Self::Size(size, digits) => match (byte as char).to_digit(16).filter(|_| *digits) {
                Some(digit) => match size.checked_mul(16) {
                    Some(more) => *size = more + u64::from(digit),
                    None => return (1, Some(Framing::Unknown)),
                },
                None => *digits = false,
            },
            Self::End if line_ends => *self = Self::Size(0, true),
            Self::Trailer(true) if line_ends => return (1, Some(Framing::default())),
            Self::Trailer(empty) => *empty = line_ends || (*empty && byte == b'\r'),
            Self::End | Self::Data(_) => {}
        }
        (1, None)
    }
}

#[cfg(test)]
#[expect(clippy::indexing_slicing, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const REQUESTS: [&str; 6] = [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "HEAD /b HTTP/1.1\nhost: a\n\n",
        "POST /c HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nGET / HTTP/",
        "POST /d HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
        "POST /e HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;x=1\r\nab\r\nc\r\n1A\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n",
        "PUT /f HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n0\r\n\r\n0\r\nTrailer: x\r\nOther: y\r\n\r\n",
    ];

    proptest! {
        #[test]
        fn requests_end_where_they_end_however_they_are_cut(
            which in prop::collection::vec(0..REQUESTS.len(), 1..6),
            cuts in prop::collection::vec(1usize..40, 1..20),
        ) {
            let text: String = which.iter().map(|which| REQUESTS[*which]).collect();
            let mut wanted = Vec::new();
            which.iter().fold(0, |at, which| { wanted.push(at + REQUESTS[*which].len()); at + REQUESTS[*which].len() });
            let (mut framing, mut ends, mut at) = (Framing::default(), Vec::new(), 0);
            for cut in cuts.iter().cycle() {
                if at == text.len() { break }
                let piece = &text.as_bytes()[at..text.len().min(at + cut)];
                let (gone, ended) = framing.go_on(piece);
                prop_assert!(gone > 0 && (ended || gone == piece.len()));
                at += gone;
                if ended { ends.push(at) }
            }
            prop_assert_eq!(ends, wanted);
        }

        #[test]
        fn any_bytes_are_let_through_in_order(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let (mut framing, mut at) = (Framing::default(), 0);
            while at < bytes.len() {
                let (gone, _) = framing.go_on(&bytes[at..]);
                prop_assert!(gone > 0);
                at += gone;
            }
        }
    }
}
