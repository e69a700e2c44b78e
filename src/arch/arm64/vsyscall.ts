// arm64 has no page where a jump is a call.

import type {VsyscallPage} from '../architecture.ts'

export const vsyscall: VsyscallPage | undefined = undefined
