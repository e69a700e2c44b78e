// hv image rm: removes what hv keeps of an image.

import {Args, Command} from '@oclif/core'

export default class ImageRm extends Command {
  static override summary =
    'Remove what hv keeps of an image: its unpacked layers, unless another image has them too.'

  static override examples = ['<%= config.bin %> image rm ./alpine:latest']

  static override args = {
    IMAGE: Args.string({
      description: 'what was given to `--image`, or its digits, as `hv image ls` shows them',
      required: true,
      ignoreStdin: true,
    }),
  }

  override async run(): Promise<void> {
    const {args} = await this.parse(ImageRm)
    const {removeImage} = await import('../../cli/images.ts')
    removeImage(args.IMAGE)
  }
}
