resource "signoz_service_account" "collector" {
  name  = "collector"
  roles = ["signoz-viewer"]
}

# The first apply in the last 30 of its 90 days replaces the key: it creates the new
# key first and keeps the old one working for two more days.
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
