variable "endpoint" {
  description = "URL at which you open SigNoz in a browser. SIGNOZ_ENDPOINT when null."
  type        = string
  default     = null
}

variable "email" {
  description = "Email address of a user with the admin role. SIGNOZ_EMAIL when null."
  type        = string
  default     = null
}

variable "password" {
  description = "Password of that user. SIGNOZ_PASSWORD when null, which keeps it out of files and of the shell's history."
  type        = string
  default     = null
  sensitive   = true
}

variable "account_name" {
  description = "Name of the account that Terraform uses from now on."
  type        = string
  default     = "terraform"
}

variable "key_valid_for" {
  description = "How long the key works. A longer one extends it in place. It never expires when this and key_rotate_before are null."
  type        = string
  default     = "90d"
}

variable "key_rotate_before" {
  description = "How long before its expiry an apply replaces the key. Never when null."
  type        = string
  default     = "30d"
}
