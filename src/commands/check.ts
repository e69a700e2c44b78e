// hv check: what this host can do, with the evidence and the mend.

import {Command, Flags} from '@oclif/core'
import {checkHost} from '../check/check-host.ts'
import {formatReport} from '../check/format-report.ts'

const STATUS_UNUSABLE = 1

export default class Check extends Command {
  static override summary = 'Say whether hv can run guests on this host, and what to mend.'

  static override description = [
    'Looks at the processor, the firmware, the kernel modules, /dev/kvm and the capabilities of KVM, and then runs a guest that makes a system call. It changes nothing. Root sees more: the registers that tell what the firmware switched off.',
    'The exit status is 0 when hv can run guests here and 1 when it cannot.',
  ].join('\n\n')

  static override examples = [
    '<%= config.bin %> check',
    '<%= config.bin %> check --json',
    'sudo <%= config.bin %> check',
  ]

  static override flags = {
    json: Flags.boolean({summary: 'print the report as JSON, in the documented, stable format'}),
  }

  override async run(): Promise<void> {
    const {flags} = await this.parse(Check)
    const report = await checkHost()
    const isColoured = process.stdout.isTTY === true && !process.env.NO_COLOR
    process.stdout.write(
      flags.json ? `${JSON.stringify(report, null, 2)}\n` : formatReport(report, isColoured),
    )
    process.exitCode = report.usable ? 0 : STATUS_UNUSABLE
  }
}
