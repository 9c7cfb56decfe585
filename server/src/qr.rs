//! The picture a telephone's camera reads: a QR code (ISO/IEC 18004) as one path of an SVG.

use qrcode::{Color, EcLevel, QrCode};
use serde::Serialize;
use std::fmt::Write;
use utoipa::ToSchema;

/// A QR code, to be drawn on a white square of `size` by `size` with its margin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Qr {
    /// Modules in a row, the four of quiet zone on either side among them.
    pub size: usize,
    /// The dark modules, as the `d` of an SVG path.
    pub path: String,
}

/// Modules of quiet zone on every side (ISO/IEC 18004 section 5.3.8).
const QUIET: usize = 4;

/// The code of an address; `None` when it is too long for one, which none of ours is.
pub fn of(text: &str) -> Option<Qr> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let mut path = String::new();
    for (row, modules) in code.to_colors().chunks(code.width()).enumerate() {
        let mut column = 0;
        for run in modules.chunk_by(|a, b| a == b) {
            if run.first() == Some(&Color::Dark) {
                let _ = write!(path, "M{} {}h{}v1h-{}z", column + QUIET, row + QUIET, run.len(), run.len());
            }
            column += run.len();
        }
    }
    Some(Qr { size: code.width() + 2 * QUIET, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_three_finders_and_a_quiet_zone() {
        let qr = of("http://127.0.0.1:8080/join?room=12&code=123456").map(|qr| (qr.size, qr.path));
        let (size, path) = qr.unwrap_or_default();
        assert!((33 + 8..=41 + 8).contains(&size), "{size}");
        assert!(path.starts_with("M4 4h7v1h-7z"), "the finder at the top left");
        assert!(path.contains(&format!("M{} 4h7v1h-7z", size - 4 - 7)), "at the top right");
        assert!(path.contains(&format!("M4 {}h7v1h-7z", size - 5)), "at the bottom left");
    }
}
