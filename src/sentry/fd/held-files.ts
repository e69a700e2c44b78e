// Held files: what a blocked call works on stays open until the call ends, whoever closes the descriptors: fdget in Linux.

import type {OpenDescription} from '../core/open-description.ts'
import type {Task} from '../core/task.ts'
import type {Wait} from '../core/wait.ts'

/**
 * Takes a reference to each open file that the task's call names: by its arguments, or in the list that poll(2) and select(2)
 * wait for. A call that does not block needs none: nothing else runs before it ends.
 */
export function holdFiles({context, arguments: args, fds, process}: Task, {files}: Wait): OpenDescription[] {
  const held: OpenDescription[] = []
  for (const index of process.syscalls.descriptorArguments(context.callNumber)) {
    const description = fds.find(args.int32(index))
    if (description !== undefined) held.push(description)
  }
  for (const {description} of files ?? []) if (description !== undefined) held.push(description)
  for (const description of held) description.references++
  return held
}
