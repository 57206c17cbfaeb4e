// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoz

import "time"

// CreatedAt is when the key was made, by the server's clock and to the
// millisecond: the key's id tells. False means that this id doesn't.
func (k *CreatedKey) CreatedAt() (time.Time, bool) { return timeOfUUID(k.ID) }
