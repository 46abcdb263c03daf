//! The credentials and the region that the files of Amazon's own tools have.

use std::env::var;
use std::path::PathBuf;

use ini::Ini;

/// What the files say of a profile.
#[derive(Default)]
pub(super) struct Profile {
    pub access_key_id: Option<String>,
    pub secret_access_key: Option<String>,
    pub session_token: Option<String>,
    pub region: Option<String>,
}

impl Profile {
    /// The profile that `AWS_PROFILE` names, or the default one, as `~/.aws/credentials` and
    /// `~/.aws/config` have it, or the files that `AWS_SHARED_CREDENTIALS_FILE` and
    /// `AWS_CONFIG_FILE` name.
    pub fn read() -> Self {
        let name = var("AWS_PROFILE").unwrap_or_else(|_| "default".into());
        let credentials = file("AWS_SHARED_CREDENTIALS_FILE", "credentials");
        let config = file("AWS_CONFIG_FILE", "config");
        Self::of(&name, credentials.as_ref(), config.as_ref())
    }

    fn of(name: &str, credentials: Option<&Ini>, config: Option<&Ini>) -> Self {
        let in_config = match name {
            "default" => name.to_owned(),
            name => format!("profile {name}"),
        };
        let sections = [(credentials, name), (config, in_config.as_str())];
        let value = |key: &str| {
            let mut values = sections.iter().filter_map(|(file, section)| {
                let value = file.as_ref()?.get_from(Some(*section), key)?;
                Some(value.to_owned())
            });
            values.next()
        };
        Self {
            access_key_id: value("aws_access_key_id"),
            secret_access_key: value("aws_secret_access_key"),
            session_token: value("aws_session_token"),
            region: value("region"),
        }
    }
}

/// One of the files, where it is there and can be read.
fn file(variable: &str, name: &str) -> Option<Ini> {
    let path = match var(variable) {
        Ok(path) => PathBuf::from(path),
        Err(_) => PathBuf::from(var("HOME").ok()?).join(".aws").join(name),
    };
    Ini::load_from_file(path).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_read_from_both_files() {
        let credentials = Ini::load_from_str(
            "[default]\naws_access_key_id = one\naws_secret_access_key=two\n[other]\naws_access_key_id = three\naws_session_token = four\n",
        );
        let config = Ini::load_from_str(
            "[default]\nregion = eu-west-1\n[profile other]\nregion=us-east-2\naws_secret_access_key = five\n",
        );
        let (credentials, config) = (credentials.unwrap(), config.unwrap());
        let read = |name| {
            let profile = Profile::of(name, Some(&credentials), Some(&config));
            [
                profile.access_key_id,
                profile.secret_access_key,
                profile.session_token,
                profile.region,
            ]
            .map(|value| value.unwrap_or_default())
        };
        assert_eq!(read("default"), ["one", "two", "", "eu-west-1"]);
        assert_eq!(read("other"), ["three", "five", "four", "us-east-2"]);
        assert_eq!(read("third"), ["", "", "", ""]);
    }
}
