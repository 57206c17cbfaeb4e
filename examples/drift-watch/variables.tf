variable "warn_before" {
  description = "How long before its expiry a key is reported, in Terraform's notation (hours: 168h are 7 days). Shorter than every rotate_before: otherwise it reports keys that an apply is about to replace."
  type        = string
  default     = "168h"
}

variable "expired_after" {
  description = "How long an expired key may stay listed before it is reported. Keys that were replaced with a grace period stay listed until the next rotation or until they are revoked; null never reports."
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

variable "known_keys" {
  description = "Regular expressions for the whole names of the keys there should be, by account; under \"*\" those for every account. Any keys are allowed when null. Retired and ephemeral keys are left out."
  type        = map(list(string))
  default     = null
}

variable "retired_ends_within" {
  description = "How long before the end of its grace period a retired key is reported that is still in use. null never reports."
  type        = string
  default     = "24h"
}

variable "in_use_within" {
  description = "A key counts as in use that was used so long ago at most."
  type        = string
  default     = "24h"
}

variable "new_unused_after" {
  description = "How long after a rotation the new key is reported if it was not used yet. null never reports."
  type        = string
  default     = "24h"
}
