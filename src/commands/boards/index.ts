// hv boards: the machines that hv knows.

import {Command, Flags} from '@oclif/core'
import {formatBoards} from '../../board/format.ts'
import {loadBoards} from '../../board/load.ts'

export default class Boards extends Command {
  static override summary = 'List the boards that hv knows: their cores, VHE, GIC, and how hv emulates them.'

  static override description =
    'Each board is a file in the folder boards/ of the package. It says what the machine has, how to get /dev/kvm there, what `<%= config.bin %> check` should find, and how QEMU emulates it.'

  static override examples = ['<%= config.bin %> boards', '<%= config.bin %> boards --json']

  static override flags = {
    json: Flags.boolean({summary: 'print the files as one JSON array'}),
  }

  override async run(): Promise<void> {
    const {flags} = await this.parse(Boards)
    const boards = loadBoards()
    process.stdout.write(flags.json ? `${JSON.stringify(boards, null, 2)}\n` : formatBoards(boards))
  }
}
