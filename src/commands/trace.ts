// hv trace: runs a Linux program and shows its system calls as strace does.

import type {Interfaces} from '@oclif/core'
import {ProgramCommand, toOclifFlags} from '../cli/oclif-flags.ts'
import {TRACE_FLAGS} from '../cli/trace-request.ts'

export default class Trace extends ProgramCommand {
  static override summary = "Run a Linux program and show its system calls and signals in strace's format."

  static override description = [
    "Runs PROGRAM as `hv run` does, with the same flags and exit status, and writes a line for each system call and signal to standard error, or to the file given by -o. The flags of the trace are strace's, among them -e, -t and -w, which `hv run` has with other meanings. What follows PROGRAM belongs to it, flags too.",
    'SET in -e is `all`, `none`, or a list separated by commas. Its items are names (`openat,close`), regular expressions (`/^get`), and the classes %file, %desc, %memory, %process, %signal, %network, %ipc, %creds, %clock, %stat, %lstat, %fstat, %%stat, %statfs, %fstatfs, %%statfs and %pure.',
    'The times of -T and --json include the time that a call waited; those of -c do not, unless -w is given.',
    'SIGUSR2 turns the trace off, and on again, while the program runs; also under `hv run`.',
  ].join('\n\n')

  static override usage = 'trace [FLAGS] PROGRAM [ARG...]'

  static override examples = [
    '<%= config.bin %> trace ./hello',
    '<%= config.bin %> trace -e %file,%memory -o calls.txt ./hello',
    '<%= config.bin %> trace -c busybox sh -c "echo hi"',
    "<%= config.bin %> trace -tt -T -s 100 -e '!brk,mmap' --volume .:/work --cwd /work busybox cat notes.txt",
    '<%= config.bin %> trace --json -o calls.jsonl ./hello',
  ]

  static override flags: Interfaces.FlagInput = toOclifFlags(TRACE_FLAGS)
}
