// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package values

import "regexp"

var uuidPattern = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)

// IsUUID reports whether a text is a UUID, in the usual notation and either case.
func IsUUID(s string) bool { return uuidPattern.MatchString(s) }
