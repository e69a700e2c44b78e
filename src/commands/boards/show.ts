// hv boards show: everything that a board's file says.

import {Args, Command, Flags} from '@oclif/core'
import {formatBoard} from '../../board/format.ts'
import {loadBoard} from '../../board/load.ts'

export default class BoardsShow extends Command {
  static override summary = 'Show what hv knows about a board.'

  static override examples = ['<%= config.bin %> boards show rpi4']

  static override args = {
    NAME: Args.string({description: 'as in `hv boards`', required: true}),
  }

  static override flags = {
    json: Flags.boolean({summary: 'print the file as JSON'}),
  }

  override async run(): Promise<void> {
    const {args, flags} = await this.parse(BoardsShow)
    const board = loadBoard(args.NAME)
    process.stdout.write(flags.json ? `${JSON.stringify(board, null, 2)}\n` : formatBoard(board))
  }
}
