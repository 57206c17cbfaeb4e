# SigNoz below a base path, with a certificate of a private authority, behind a
# proxy that requires a token.
provider "signoz" {
  alias           = "behind_proxy"
  endpoint        = "https://tools.example.com/signoz"
  api_key         = var.signoz_api_key
  request_timeout = "1m"

  headers = {
    CF-Access-Client-Id     = var.access_client_id
    CF-Access-Client-Secret = var.access_client_secret
  }

  tls = {
    ca_certificate = file("company-ca.pem")
  }
}

variable "signoz_api_key" {
  type      = string
  sensitive = true
}

variable "access_client_id" {
  type = string
}

variable "access_client_secret" {
  type      = string
  sensitive = true
}
