//! The empty manifest that people begin with.

use crate::api::reports::attachment;
use crate::auth::identity::Author;
use crate::error::{ApiError, ApiResult};
use actix_web::HttpResponse;
use actix_web::web::block;
use catalog::import::HEADINGS;
use rust_xlsxwriter::{Format, Workbook, XlsxError};

/// The type of a workbook.
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// `GET /studio/import/template.xlsx`: a table with the headings, and a second one with an example.
///
/// # Errors
/// When the workbook cannot be written.
pub async fn download(_author: Author) -> ApiResult<HttpResponse> {
    let bytes = block(workbook).await?.map_err(ApiError::internal)?;
    Ok(attachment("清单.xlsx").content_type(XLSX).body(bytes))
}

fn workbook() -> Result<Vec<u8>, XlsxError> {
    let (mut book, bold) = (Workbook::new(), Format::new().set_bold());
    for (name, example) in [("清单", false), ("示例", true)] {
        let sheet = book.add_worksheet().set_name(name)?;
        for (column, (heading, text)) in (0..).zip(HEADINGS) {
            sheet.write_string_with_format(0, column, heading, &bold)?;
            sheet.set_column_width(column, if text.is_empty() { 12 } else { 24 })?;
            if example {
                sheet.write_string(1, column, text)?;
            }
        }
        sheet.set_freeze_panes(1, 0)?;
    }
    book.save_to_buffer()
}
