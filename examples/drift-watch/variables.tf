variable "warn_before" {
  description = "How long before its expiry a key is reported, in Terraform's notation (hours: 168h are 7 days). Shorter than every rotate_before, lest keys are reported that a run is about to replace."
  type        = string
  default     = "168h"
}

variable "expired_after" {
  description = "How long an expired key may stay listed before it is reported. Keys that were replaced with a grace period stay until somebody revokes them; null never reports."
  type        = string
  default     = null
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
