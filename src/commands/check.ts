// hv check: what this host can do, with the evidence and the fix.

import {Command, Flags} from '@oclif/core'
import {checkHost} from '../check/check-host.ts'
import {PLATFORMS, type PlatformName} from '../check/finding.ts'
import {formatReport} from '../check/format-report.ts'

const STATUS_UNUSABLE = 1

export default class Check extends Command {
  static override summary = 'Say whether hv can run guests on this host, and what to fix.'

  static override description = [
    'Looks at the processor, the firmware, KVM in the kernel, /dev/kvm and what KVM can do, and then runs a guest that makes a system call. On ARM it says how the kernel uses EL2 (VHE, nVHE, hVHE, protected), with all the evidence. It does the same for ptrace, the platform of hosts without KVM: what the kernel, Yama and seccomp allow, and a traced process that makes a system call. It changes nothing. Root sees more: the registers that show what the firmware disabled, and the kernel log.',
    'It names the board and compares what it found with what the file of that board expects; see `<%= config.bin %> boards`.',
    'The exit status is 0 if hv can run guests here, with KVM or ptrace, and 1 if it cannot; with --platform it is about that platform alone. If ptrace works and KVM does not, the report still shows what fails in KVM and how to fix it.',
  ].join('\n\n')

  static override examples = [
    '<%= config.bin %> check',
    '<%= config.bin %> check --json',
    '<%= config.bin %> check --platform kvm',
    '<%= config.bin %> check --board rpi4',
    '$ sudo <%= config.bin %> check',
  ]

  static override flags = {
    board: Flags.string({
      summary: 'compare with this board, whatever the host calls itself',
      helpValue: 'NAME',
    }),
    platform: Flags.string({
      summary: 'the platform that the exit status is about; `auto`: whichever works',
      options: ['auto', ...PLATFORMS],
      default: 'auto',
    }),
    json: Flags.boolean({summary: 'print the report as JSON, in a documented, stable format'}),
  }

  override async run(): Promise<void> {
    const {flags} = await this.parse(Check)
    const report = await checkHost(flags.board === undefined ? {} : {board: flags.board})
    const wanted = flags.platform === 'auto' ? undefined : (flags.platform as PlatformName)
    const {isTTY, columns} = process.stdout
    const isColoured = isTTY === true && !process.env.NO_COLOR
    // As in ls(1), COLUMNS counts even without a terminal.
    const style = {isColoured, columns: Number(process.env.COLUMNS) || columns || undefined, wanted}
    process.stdout.write(flags.json ? `${JSON.stringify(report, null, 2)}\n` : formatReport(report, style))
    const isUsable = wanted ? report.platforms[wanted] : report.usable
    process.exitCode = isUsable ? 0 : STATUS_UNUSABLE
  }
}
