resource "signoz_service_account" "collector" {
  name  = "collector"
  roles = ["signoz-viewer"]
}

# Replaced by the first run within the last 30 of its 90 days. The new key is
# made first, and the old one goes on working for two days, so that whoever uses
# it can change over.
resource "signoz_service_account_key" "collector" {
  service_account_id   = signoz_service_account.collector.id
  name_prefix          = "collector-"
  valid_for            = "90d"
  rotate_before        = "30d"
  destroy_grace_period = "2d"

  lifecycle {
    create_before_destroy = true
  }
}
