# Warns in every plan from 7 days before a key expires.
check "keys_live_on" {
  assert {
    condition = alltrue([
      for k in data.signoz_service_account_keys.audited.keys :
      k.expires_at == null || k.expired ? true : timecmp(k.expires_at, timeadd(plantimestamp(), "168h")) > 0
    ])
    error_message = "A key of ${data.signoz_service_account.audited.name} expires within 7 days."
  }
}
