// hv image prune: removes unpacked layers that hv keeps.

import {Command, Flags} from '@oclif/core'

export default class ImagePrune extends Command {
  static override summary = 'Remove the unpacked layers that hv keeps of images.'

  static override description =
    'Running guests do not notice. The images themselves stay: their next start unpacks them anew.'

  static override examples = ['<%= config.bin %> image prune --keep 2G']

  static override flags = {
    keep: Flags.string({
      summary: 'keep so much of what was used last; default: nothing',
      helpValue: 'SIZE',
    }),
  }

  override async run(): Promise<void> {
    const {flags} = await this.parse(ImagePrune)
    const {pruneImages} = await import('../../cli/images.ts')
    process.stdout.write(pruneImages(flags.keep))
  }
}
