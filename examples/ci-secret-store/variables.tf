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

variable "repositories" {
  description = "Names of the GitHub repositories whose workflows get the key as SIGNOZ_API_KEY."
  type        = set(string)
  default     = []
}
