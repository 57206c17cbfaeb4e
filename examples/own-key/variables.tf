variable "rotate_before" {
  description = "How long before its expiry the key is replaced."
  type        = string
  default     = "30d"
}
