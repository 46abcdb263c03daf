//! Who speaks with a cloud, with the credentials that its own tools take from the environment.

use std::sync::Arc;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, resolve_bucket_region};
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

fn amazon(bucket: &str) -> Result<object_store::aws::AmazonS3, String> {
    use AmazonS3ConfigKey::{AccessKeyId, DefaultRegion, Endpoint, Region, S3Endpoint};
    use AmazonS3ConfigKey::{Client, ContainerCredentialsFullUri, SkipSignature};
    use AmazonS3ConfigKey::{ContainerCredentialsRelativeUri, WebIdentityTokenFile};
    let mut builder = AmazonS3Builder::from_env().with_url(bucket);
    let has = |builder: &AmazonS3Builder, keys: &[AmazonS3ConfigKey]| {
        keys.iter()
            .any(|key| builder.get_config_value(key).is_some())
    };
    let profile = Profile::read();
    if builder
        .get_config_value(&Client(ClientConfigKey::Timeout))
        .is_none()
    {
        builder = builder.with_config(Client(ClientConfigKey::Timeout), REQUEST_TIMEOUT);
    }
    let signed = [
        AccessKeyId,
        WebIdentityTokenFile,
        ContainerCredentialsFullUri,
        ContainerCredentialsRelativeUri,
    ];
    let skips = builder.get_config_value(&SkipSignature);
    if !has(&builder, &signed)
        && skips.as_deref() != Some("true")
        && let (Some(id), Some(secret)) = (&profile.access_key_id, &profile.secret_access_key)
    {
        builder = builder
            .with_access_key_id(id)
            .with_secret_access_key(secret);
        if let Some(token) = &profile.session_token {
            builder = builder.with_token(token);
        }
    } else if !has(&builder, &signed)
        && let Ok(name) = std::env::var("AWS_PROFILE")
    {
        return Err(format!(
            "the profile '{name}' that AWS_PROFILE names has no keys in the files of ~/.aws; roles and single sign-on are not read from there, so put keys into the environment, as `aws configure export-credentials --format env` prints them"
        ));
    }
    let endpoints = [S3Endpoint, Endpoint].iter();
    let endpoint = endpoints
        .filter_map(|key| builder.get_config_value(key))
        .next();
    if let Some(endpoint) = &endpoint
        && endpoint.starts_with("http://")
    {
        // Whoever names such an endpoint wants it.
        builder = builder.with_config(Client(ClientConfigKey::AllowHttp), "true");
    }
    if !has(&builder, &[Region, DefaultRegion]) {
        match (profile.region, endpoint) {
            (Some(region), _) => builder = builder.with_region(region),
            (None, Some(_)) => {}
            (None, None) => {
                let name = bucket.split_once("://").map_or(bucket, |(_, name)| name);
                let options = ClientOptions::new();
                let region = wait_for(resolve_bucket_region(name, &options));
                let region = region.map_err(|error| error.to_string())?;
                let region = region.map_err(|error| {
                    format!("{error}; check the bucket's name, or set AWS_REGION")
                })?;
                builder = builder.with_region(region);
            }
        }
    }
    builder.build().map_err(|error| error.to_string())
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
