// hv gdb: attaches gdb to a program that `hv run` runs.

import {Command} from '@oclif/core'
import {badArgument} from '../errors.ts'

export default class Gdb extends Command {
  static override summary = 'Attach gdb to a Linux program that `hv run` runs.'

  static override description = [
    'PID is the process of `hv run`. Starts gdb, with the arguments that follow PID, and connects it to the program, which stands still from then on. When gdb detaches, quits or is killed, the program runs on.',
    'If the standard input is no terminal, and no argument follows, it speaks gdb’s remote protocol on standard input and output instead, for a gdb that runs already: `target remote | <%= config.bin %> gdb PID`.',
    'Whoever may read /proc/PID/fd may attach: the user that runs `hv run`, unless it became another user, and root. One gdb at a time. A program with --gdb has its own socket, and so have machines: `<%= config.bin %> run --gdb`.',
    'The exit status is gdb’s, or 0; 125 if there is nothing to attach to.',
  ].join('\n\n')

  static override usage = 'gdb PID [GDB-ARG...]'

  static override examples = [
    '<%= config.bin %> gdb 1234',
    "<%= config.bin %> gdb 1234 -batch -ex 'thread apply all backtrace'",
    "$ gdb -ex 'target remote | <%= config.bin %> gdb 1234'",
  ]

  // gdb's arguments are not ours.
  static override strict = false

  override async run(): Promise<void> {
    const [word, ...words] = this.argv
    if (word === undefined) throw badArgument('PID is missing', 'see `hv gdb --help`')
    // Not at the top: it loads the addon.
    const {attachGdb} = await import('../launch/attach/attach-gdb.ts')
    process.exitCode = await attachGdb(word, words)
  }
}
