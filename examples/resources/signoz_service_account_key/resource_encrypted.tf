resource "signoz_service_account" "metrics" {
  name  = "metrics"
  roles = ["signoz-viewer"]
}

# The state holds encrypted_key only, and key is null.
resource "signoz_service_account_key" "metrics" {
  service_account_id   = signoz_service_account.metrics.id
  name_prefix          = "metrics-"
  valid_for            = "90d"
  rotate_before        = "30d"
  destroy_grace_period = "2d"

  # Who can decrypt the value: put your own here, which age-keygen prints.
  encrypt_to = {
    age_recipients = ["age1feja96m7utz94zmshgtrssyvspkqccrtf7rm9slz3sltzkrh9yrsp4ysvf"]
  }

  lifecycle {
    create_before_destroy = true
  }
}
