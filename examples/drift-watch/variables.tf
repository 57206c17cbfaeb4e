variable "warn_before" {
  description = "How long before its expiry a key is reported, in Terraform's notation (hours: 336h are 14 days)."
  type        = string
  default     = "336h"
}

variable "unused_after" {
  description = "How long a key may go unused before it is reported."
  type        = string
  default     = "2160h"
}

variable "known_accounts" {
  description = "Names of the accounts there should be. Any are allowed when null."
  type        = set(string)
  default     = null
}

variable "may_never_expire" {
  description = "Keys that are allowed to have no expiry, as ACCOUNT/KEY."
  type        = set(string)
  default     = []
}
