variable "region" {
  description = "The Region that the gate works in."
  type        = string
}

variable "prefix" {
  description = "What the names of all that a run makes begin with: --codeartifact-prefix."
  type        = string
  default     = "pca"

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,11}$", var.prefix))
    error_message = "A prefix has 2 to 12 lower-case letters and digits, a letter first."
  }
}

variable "trust" {
  description = "Who takes the roles: github, gitlab or codebuild."
  type        = string
  default     = "github"

  validation {
    condition     = contains(["github", "gitlab", "codebuild"], var.trust)
    error_message = "The roles can trust github, gitlab or codebuild."
  }
}

variable "runner_subject" {
  description = "Who exactly takes the runner's role: the sub of the token, or the name of the CodeBuild project."
  type        = string

  validation {
    condition     = !can(regex("[*?]", var.runner_subject))
    error_message = "A subject is exact: no * and no ? in it."
  }
}

variable "sweeper_subject" {
  description = "Who exactly takes the sweeper's role: the sub of the token, or the name of the CodeBuild project."
  type        = string

  validation {
    condition     = !can(regex("[*?]", var.sweeper_subject))
    error_message = "A subject is exact: no * and no ? in it."
  }
}

variable "create_provider" {
  description = "Whether to make the OIDC provider; an account has at most one of each issuer."
  type        = bool
  default     = true
}
