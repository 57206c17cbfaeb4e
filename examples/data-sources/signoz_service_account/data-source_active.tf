# The account is managed elsewhere and known by its ID. SigNoz still returns an
# account that was deleted, so check its status.
variable "pipeline_account_id" {
  description = "ID of the account of the nightly pipeline."
  type        = string
}

data "signoz_service_account" "pipeline" {
  id = var.pipeline_account_id

  lifecycle {
    postcondition {
      condition     = self.status == "active"
      error_message = "The account ${self.name} was deleted."
    }
  }
}

resource "signoz_service_account_key" "pipeline" {
  service_account_id = data.signoz_service_account.pipeline.id
  name               = "nightly"
  valid_for          = "90d"
}
