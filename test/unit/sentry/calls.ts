// The call table of a program without restrictions.

import {CallTable} from '../../../src/sentry/core/call-table.ts'
import {table} from '../../../src/sentry/syscalls/table.ts'

export const calls = CallTable.of(table)
