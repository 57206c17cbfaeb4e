# The attribute encrypted_key of a key of another configuration. It isn't secret.
variable "encrypted_key" {
  type = string
}

ephemeral "signoz_service_account_key_value" "reporter" {
  encrypted_key = var.encrypted_key
}

provider "signoz" {
  alias   = "reporter"
  api_key = ephemeral.signoz_service_account_key_value.reporter.key
}

data "signoz_me" "reporter" {
  provider = signoz.reporter
}
