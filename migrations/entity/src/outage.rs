//! What a failure of the database means for whoever waits: not now, or not before there is room again.

use sea_orm::{DbErr, RuntimeErr, SqlxError, SqlxPostgresError, SqlxSqliteError};

/// A failure that passes by itself or by the operator's hand, and says nothing of what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outage {
    /// The database does not answer, is starting or stopping, or another process holds it.
    Away,
    /// There is no room to write; what is there can still be read.
    Full,
}

impl Outage {
    /// Which outage this is; `None` when the statement or the data is at fault.
    pub fn of(cause: &DbErr) -> Option<Self> {
        match cause {
            DbErr::Conn(RuntimeErr::SqlxError(cause)) => Some(of_driver(cause).unwrap_or(Self::Away)),
            DbErr::Conn(_) | DbErr::ConnectionAcquire(_) => Some(Self::Away),
            DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause)) => of_driver(cause),
            _ => None,
        }
    }
}

/// Whether what was asked has a character that the database cannot keep: PostgreSQL takes no NUL in a text (its
/// documentation, section 8.3). That says nothing of the database, and much of whoever asks.
pub fn is_unkeepable(cause: &DbErr) -> bool {
    match cause {
        DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause)) => is_nul(cause),
        _ => false,
    }
}

fn is_nul(cause: &SqlxError) -> bool {
    matches!(cause, SqlxError::Database(said) if said.code().as_deref() == Some("22021"))
}

fn of_driver(cause: &SqlxError) -> Option<Outage> {
    match cause {
        SqlxError::Io(_)
        | SqlxError::Tls(_)
        | SqlxError::PoolTimedOut
        | SqlxError::PoolClosed
        | SqlxError::WorkerCrashed
        | SqlxError::BeginFailed => Some(Outage::Away),
        SqlxError::Database(said) => {
            let code = said.code()?;
            if said.try_downcast_ref::<SqlxSqliteError>().is_some() {
                of_sqlite(code.parse().ok()?)
            } else {
                said.try_downcast_ref::<SqlxPostgresError>().and_then(|_| of_postgres(&code))
            }
        }
        _ => None,
    }
}

/// By the extended result codes of SQLite, whose lowest byte is the kind.
fn of_sqlite(code: u32) -> Option<Outage> {
    const BUSY: u32 = 5;
    const FULL: u32 = 13;
    /// `SQLITE_IOERR_SHMSIZE`: the index of the write-ahead log has no room to grow.
    const LOG_INDEX: u32 = 4874;
    match (code, code & 0xff) {
        (LOG_INDEX, _) | (_, FULL) => Some(Outage::Full),
        (_, BUSY) => Some(Outage::Away),
        _ => None,
    }
}

/// By the SQLSTATE of PostgreSQL (its documentation, appendix A).
fn of_postgres(state: &str) -> Option<Outage> {
    match state {
        "53100" => Some(Outage::Full),
        // Shut down by an operator, crashed, starting; too many connections.
        "57P01" | "57P02" | "57P03" | "53300" => Some(Outage::Away),
        _ if state.starts_with("08") => Some(Outage::Away),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_and_a_database_that_is_away_are_told_from_faults_of_a_statement() {
        assert_eq!([of_sqlite(13), of_sqlite(4874)], [Some(Outage::Full); 2]);
        assert_eq!([of_sqlite(5), of_sqlite(517)], [Some(Outage::Away); 2]);
        assert_eq!([of_sqlite(1), of_sqlite(2067)], [None; 2]);
        assert_eq!(of_postgres("53100"), Some(Outage::Full));
        assert_eq!([of_postgres("57P01"), of_postgres("08006")], [Some(Outage::Away); 2]);
        assert_eq!([of_postgres("23505"), of_postgres("40001")], [None; 2]);
        assert_eq!(Outage::of(&DbErr::RecordNotUpdated), None);
    }
}
