# SPDX-License-Identifier: Apache-2.0
"""`$batch`: several requests in one, as OData V2 and V4 have it."""
