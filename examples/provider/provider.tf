terraform {
  required_providers {
    signoz = {
      source = "signoz-community/signoz"
    }
  }
}

# The key comes from the environment variable SIGNOZ_API_KEY.
provider "signoz" {
  endpoint = "https://signoz.example.com"
}
