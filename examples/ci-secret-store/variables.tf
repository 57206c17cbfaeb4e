variable "name" {
  description = "Name of the service account."
  type        = string
  default     = "ci"
}

variable "roles" {
  description = "Roles of the service account."
  type        = set(string)
  default     = ["signoz-editor"]
}

variable "age_recipients" {
  description = "Public keys of age that the key for AWS is encrypted to: that of the pipeline, and those of people who may need the value."
  type        = set(string)
}

variable "repositories" {
  description = "Names of the GitHub repositories whose workflows get a key as SIGNOZ_API_KEY."
  type        = set(string)
  default     = []
}
