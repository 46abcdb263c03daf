//! Who speaks with a cloud, with the credentials that its own tools take from the environment.

use std::sync::Arc;

use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey, resolve_bucket_region};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::{ClientConfigKey, ClientOptions, ObjectStore};

use super::address::Address;
use super::profile::Profile;
use super::runtime::wait_for;

/// How long a request may take, with up to 8 MiB on a slow line; `AWS_TIMEOUT` and its like say
/// otherwise.
const REQUEST_TIMEOUT: &str = "120 seconds";

/// Makes a client for a bucket.
///
/// # Errors
///
/// What is wrong with the scheme, the bucket or the credentials.
pub(super) fn client(address: &Address) -> Result<Arc<dyn ObjectStore>, String> {
    if address.key.split('/').any(str::is_empty) && !address.key.is_empty() {
        return Err("a part of the name is empty; write one slash where there are two".into());
    }
    if address.bucket.len() <= address.scheme.len() + "://".len() {
        return Err(format!(
            "no bucket is named; say {}://BUCKET/NAME",
            address.scheme
        ));
    }
    match address.scheme.as_str() {
        "s3" | "s3a" => amazon(&address.bucket).map(|client| Arc::new(client) as _),
        "gs" => google(&address.bucket).map(|client| Arc::new(client) as _),
        "az" | "azure" | "adl" | "abfs" | "abfss" => {
            azure(&address.bucket).map(|client| Arc::new(client) as _)
        }
        scheme => Err(format!(
            "what lies at {scheme}:// cannot be reached; give a path of this machine, or s3://, gs:// or az://"
        )),
    }
}

fn amazon(bucket: &str) -> Result<AmazonS3, String> {
    use AmazonS3ConfigKey::Client;
    let mut builder = AmazonS3Builder::from_env().with_url(bucket);
    if !has(&builder, &[Client(ClientConfigKey::Timeout)]) {
        builder = builder.with_config(Client(ClientConfigKey::Timeout), REQUEST_TIMEOUT);
    }
    let profile = Profile::read();
    builder = signed(builder, &profile)?;
    builder = placed(builder, bucket, profile.region)?;
    builder.build().map_err(|error| error.to_string())
}

fn has(builder: &AmazonS3Builder, keys: &[AmazonS3ConfigKey]) -> bool {
    let mut values = keys.iter().map(|key| builder.get_config_value(key));
    values.any(|value| value.is_some())
}

/// With the keys of the profile, where the environment has no credentials.
fn signed(builder: AmazonS3Builder, profile: &Profile) -> Result<AmazonS3Builder, String> {
    use AmazonS3ConfigKey::{AccessKeyId, SkipSignature, WebIdentityTokenFile};
    use AmazonS3ConfigKey::{ContainerCredentialsFullUri, ContainerCredentialsRelativeUri};
    let credentials = [
        AccessKeyId,
        WebIdentityTokenFile,
        ContainerCredentialsFullUri,
        ContainerCredentialsRelativeUri,
    ];
    let skips = builder.get_config_value(&SkipSignature);
    if has(&builder, &credentials) || skips.as_deref() == Some("true") {
        return Ok(builder);
    }
    let (Some(id), Some(secret)) = (&profile.access_key_id, &profile.secret_access_key) else {
        return match std::env::var("AWS_PROFILE") {
            Err(_) => Ok(builder),
            Ok(name) => Err(format!(
                "the profile '{name}' that AWS_PROFILE names has no keys in the files of ~/.aws; roles and single sign-on are not read from there, so put keys into the environment, as `aws configure export-credentials --format env` prints them"
            )),
        };
    };
    let builder = builder
        .with_access_key_id(id)
        .with_secret_access_key(secret);
    Ok(match &profile.session_token {
        Some(token) => builder.with_token(token),
        None => builder,
    })
}

/// With the region: the environment's, the profile's, or the bucket's own, where no other service is
/// meant.
fn placed(
    mut builder: AmazonS3Builder,
    bucket: &str,
    region: Option<String>,
) -> Result<AmazonS3Builder, String> {
    use AmazonS3ConfigKey::{Client, DefaultRegion, Endpoint, Region, S3Endpoint};
    let mut endpoints = [S3Endpoint, Endpoint].iter();
    let endpoint = endpoints.find_map(|key| builder.get_config_value(key));
    if endpoint
        .as_ref()
        .is_some_and(|endpoint| endpoint.starts_with("http://"))
    {
        // Whoever names such an endpoint wants it.
        builder = builder.with_config(Client(ClientConfigKey::AllowHttp), "true");
    }
    if has(&builder, &[Region, DefaultRegion]) {
        return Ok(builder);
    }
    match (region, endpoint) {
        (Some(region), _) => Ok(builder.with_region(region)),
        (None, Some(_)) => Ok(builder),
        (None, None) => {
            let name = bucket.split_once("://").map_or(bucket, |(_, name)| name);
            let region = wait_for(resolve_bucket_region(name, &ClientOptions::new()));
            let region = region.map_err(|error| error.to_string())?;
            let unknown = |error| format!("{error}; check the bucket's name, or set AWS_REGION");
            Ok(builder.with_region(region.map_err(unknown)?))
        }
    }
}

fn google(bucket: &str) -> Result<object_store::gcp::GoogleCloudStorage, String> {
    use GoogleConfigKey::Client;
    let mut builder = GoogleCloudStorageBuilder::from_env().with_url(bucket);
    if builder
        .get_config_value(&Client(ClientConfigKey::Timeout))
        .is_none()
    {
        builder = builder.with_config(Client(ClientConfigKey::Timeout), REQUEST_TIMEOUT);
    }
    builder.build().map_err(|error| error.to_string())
}

fn azure(bucket: &str) -> Result<object_store::azure::MicrosoftAzure, String> {
    use AzureConfigKey::Client;
    let mut builder = MicrosoftAzureBuilder::from_env().with_url(bucket);
    if builder
        .get_config_value(&Client(ClientConfigKey::Timeout))
        .is_none()
    {
        builder = builder.with_config(Client(ClientConfigKey::Timeout), REQUEST_TIMEOUT);
    }
    let endpoint = builder.get_config_value(&AzureConfigKey::Endpoint);
    let builder = match endpoint.is_some_and(|endpoint| endpoint.starts_with("http://")) {
        true => builder.with_allow_http(true),
        false => builder,
    };
    builder
        .build()
        .map_err(|error| format!("{error}; set AZURE_STORAGE_ACCOUNT_NAME, for example"))
}

/// What the environment says of clouds, in few characters: whoever renews it gets another client.
pub(super) fn environment() -> String {
    let mut said: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| {
            ["AWS_", "GOOGLE_", "AZURE_"]
                .iter()
                .any(|start| name.starts_with(start))
        })
        .collect();
    said.sort();
    let mut hasher = blake3::Hasher::new();
    for (name, value) in said {
        hasher.update(format!("{name}={value}\0").as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}
