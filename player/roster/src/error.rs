//! What can go wrong in the roster, in words of the domain. The texts are Chinese because people read them.

use sea_orm::{DbErr, SqlErr};

/// The result of every function of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the roster refuses.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No unit has this id or code.
    #[error("单位不存在")]
    NoSuchUnit,
    /// Another unit has this code.
    #[error("单位编码已被使用")]
    UnitCodeTaken,
    /// A code or a name of a unit is empty or too long; the reason is Chinese.
    #[error("{0}")]
    BadUnit(&'static str),
    /// No person has this id or code.
    #[error("人员不存在")]
    NoSuchPerson,
    /// No merge of people has this id.
    #[error("没有这次合并")]
    NoSuchMerge,
    /// The two cannot become one, or be parted, as things stand; the reason is Chinese.
    #[error("{0}")]
    CannotMerge(&'static str),
    /// A merge and its parting need a reason of 1 to 500 characters.
    #[error("请写明理由（1 到 500 字）")]
    NoMergeReason,
    /// Nobody merges or parts themselves.
    #[error("自己的合并须由他人办理")]
    OwnMerge,
    /// No account has this id.
    #[error("账号不存在")]
    NoSuchAccount,
    /// Another account has this login.
    #[error("登录名已被使用")]
    LoginTaken,
    /// The person or the device already has an account.
    #[error("该人员或终端已有账号")]
    HasAccount,
    /// The login cannot be typed or is too long; the reason is Chinese.
    #[error("{0}")]
    BadLogin(&'static str),
    /// The new password is too easily guessed; the reason is Chinese.
    #[error("{0}")]
    WeakPassword(&'static str),
    /// The login or the password is wrong; which of them is not told.
    #[error("登录名或密码不正确")]
    WrongPassword,
    /// Too many wrong passwords: the next try is accepted after this many seconds.
    #[error("密码错误次数过多，请 {retry_after_s} 秒后再试")]
    SlowDown {
        /// Whole seconds, at least one.
        retry_after_s: u64,
    },
    /// The password is right but the account was closed.
    #[error("账号已停用")]
    Disabled,
    /// The refresh token is unknown, expired or revoked.
    #[error("登录已失效，请重新登录")]
    SessionOver,
    /// A spent refresh token came back: its whole family is now revoked (RFC 9700 section 4.14.2).
    #[error("登录凭证被重复使用，为安全起见请重新登录")]
    TokenReused,
    /// No device has this id.
    #[error("终端不存在")]
    NoSuchDevice,
    /// The device's name is empty or too long.
    #[error("终端名称应为 1 到 50 个字")]
    BadDeviceName,
    /// No terminal that waits shows these six digits: they are wrong, spent or expired.
    #[error("配对码不正确或已过期，请看电视上现在的六位数字")]
    WrongCode,
    /// The terminal's question has expired or was never asked, or the terminal is at work already.
    #[error("配对码已过期")]
    PairingOver,
    /// More terminals wait to be paired than there is room for.
    #[error("等待配对的终端太多，请稍后再试")]
    TooManyPairings,
    /// The PIN is not one, or too easily guessed; the reason is Chinese.
    #[error("{0}")]
    WeakPin(&'static str),
    /// The PIN is wrong, or the person has none.
    #[error("口令不正确")]
    WrongPin,
    /// Too many wrong PINs: the next try is accepted after this many seconds.
    #[error("口令错误次数过多，请 {retry_after_s} 秒后再试")]
    PinWait {
        /// Whole seconds, at least one.
        retry_after_s: u64,
    },
    /// The file is not a table that can be read; the reason is Chinese.
    #[error("{0}")]
    NotASheet(String),
    /// The file is larger than an import may be; the reason is Chinese.
    #[error("{0}")]
    TooLarge(&'static str),
    /// The plan has bad rows, so nothing was imported.
    #[error("有 {0} 行不合格，未导入任何内容")]
    BadRows(usize),
    /// The roster changed between the plan and its import; nothing was imported.
    #[error("花名册在此期间已变化，请重新检查后再导入")]
    PlanOutdated,
    /// The hashing task did not finish.
    #[error("密码校验暂时不可用")]
    Hashing,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbErr),
}

impl Error {
    /// `error` as `taken` when it is a unique key that says no, else as it is.
    pub(crate) fn unless_unique(error: DbErr, taken: Self) -> Self {
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => taken,
            _ => Self::Db(error),
        }
    }
}
