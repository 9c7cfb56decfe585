//! Which logins and passwords are accepted. Pure rules; length first, because length is what stops guessing.

use crate::{Error, Result};

/// The longest login, in characters.
const MAX_LOGIN: usize = 64;

/// What everybody tries first.
const OBVIOUS: &[&str] = &[
    "12345678",
    "123456789",
    "1234567890",
    "0123456789",
    "87654321",
    "987654321",
    "11223344",
    "12341234",
    "123123123",
    "password",
    "password1",
    "passw0rd",
    "p@ssw0rd",
    "qwertyui",
    "qwertyuiop",
    "1qaz2wsx",
    "1q2w3e4r",
    "abcd1234",
    "abc12345",
    "a1234567",
    "a12345678",
    "aa123456",
    "admin123",
    "admin888",
    "administrator",
    "iloveyou",
    "woaini520",
    "woaini1314",
    "5201314520",
    "yuanjiao",
    "yuanjiao123",
    "changeme",
];

/// Whether a login can be typed: letters, digits, Chinese characters and `_ - . @`, 2 to 64 of them.
///
/// # Errors
/// [`Error::BadLogin`] with a Chinese reason.
pub fn check_login(login: &str) -> Result<()> {
    let length = login.chars().count();
    if !(2..=MAX_LOGIN).contains(&length) {
        return Err(Error::BadLogin("登录名应为 2 到 64 个字符"));
    }
    if !login.chars().all(|c| c.is_alphanumeric() || "_-.@".contains(c)) {
        return Err(Error::BadLogin("登录名只能用文字、数字和 _ - . @"));
    }
    Ok(())
}

/// Whether a password may be used for this login.
///
/// # Errors
/// [`Error::WeakPassword`] with a Chinese reason.
pub fn check_strength(password: &str, login: &str) -> Result<()> {
    let length = password.chars().count();
    if length < 8 {
        return Err(Error::WeakPassword("密码至少 8 个字符"));
    }
    if length > 128 {
        return Err(Error::WeakPassword("密码最多 128 个字符"));
    }
    let lower = password.to_lowercase();
    if lower == login.to_lowercase() {
        return Err(Error::WeakPassword("密码不能与登录名相同"));
    }
    let mut letters = password.chars();
    let first = letters.next();
    if letters.all(|c| Some(c) == first) || OBVIOUS.contains(&lower.as_str()) {
        return Err(Error::WeakPassword("密码太常见，容易被猜到"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn obvious_passwords_are_refused() {
        for weak in
            ["", "1234567", "12345678", "PassWord", "88888888", "秘秘秘秘秘秘秘秘", "zhang_san", &"x".repeat(129)]
        {
            assert!(matches!(check_strength(weak, "Zhang_San"), Err(Error::WeakPassword(_))), "{weak}");
        }
        for strong in ["芒场镇巴平村稻田", "correct horse", &"xy".repeat(64)] {
            assert!(check_strength(strong, "Zhang_San").is_ok(), "{strong}");
        }
    }

    #[test]
    fn logins_are_words_that_can_be_typed() {
        for good in ["cadre", "张三", "13800000000", "a.b-c_d@e"] {
            assert!(check_login(good).is_ok(), "{good}");
        }
        for bad in ["", "a", "a b", "a\nb", "<b>", "=1+1", "device:1", &"x".repeat(65)] {
            assert!(check_login(bad).is_err(), "{bad}");
        }
    }
}
