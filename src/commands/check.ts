// hv check: what this host can do, with the evidence and the mend.

import {Command, Flags} from '@oclif/core'
import {checkHost} from '../check/check-host.ts'
import {formatReport} from '../check/format-report.ts'

const STATUS_UNUSABLE = 1

export default class Check extends Command {
  static override summary = 'Say whether hv can run guests on this host, and what to mend.'

  static override description = [
    'Looks at the processor, the firmware, KVM in the kernel, /dev/kvm and what KVM can do, and then runs a guest that makes a system call. On ARM it tells how the kernel uses EL2 (VHE, nVHE, hVHE, protected), with all evidence. It changes nothing. Root sees more: the registers that tell what the firmware switched off, and the kernel log.',
    'It names the board that this is, and compares what it found with what the file of that board expects; see `<%= config.bin %> boards`.',
    'The exit status is 0 when hv can run guests here and 1 when it cannot.',
  ].join('\n\n')

  static override examples = [
    '<%= config.bin %> check',
    '<%= config.bin %> check --json',
    '<%= config.bin %> check --board rpi4',
    '$ sudo <%= config.bin %> check',
  ]

  static override flags = {
    board: Flags.string({
      summary: 'compare with this board, whatever the host calls itself',
      helpValue: 'NAME',
    }),
    json: Flags.boolean({summary: 'print the report as JSON, in the documented, stable format'}),
  }

  override async run(): Promise<void> {
    const {flags} = await this.parse(Check)
    const report = await checkHost(flags.board === undefined ? {} : {board: flags.board})
    const isColoured = process.stdout.isTTY === true && !process.env.NO_COLOR
    process.stdout.write(
      flags.json ? `${JSON.stringify(report, null, 2)}\n` : formatReport(report, isColoured),
    )
    process.exitCode = report.usable ? 0 : STATUS_UNUSABLE
  }
}
