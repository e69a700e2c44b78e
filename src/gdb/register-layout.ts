// RegisterLayout: an architecture's registers in the order in which gdb gets them, and the target description for it
// (gdb's manual, G "Target Descriptions": G.4.5 aarch64, G.4.9 i386; the types, G.3).

export interface RegisterField {
  readonly name: string
  readonly bits: number
  /** One of gdb's types, or one that the feature defines. */
  readonly type: string
  readonly group?: 'general' | 'float' | 'vector' | 'system'
}

export interface Feature {
  /** `org.gnu.gdb.…`. */
  readonly name: string
  /** XML of its registers' types. */
  readonly types?: string
  readonly registers: readonly RegisterField[]
}

export interface PlacedRegister extends RegisterField {
  /** In bytes, from the beginning of the whole. */
  readonly offset: number
  readonly bytes: number
}

export interface Description {
  /** gdb's name for it. */
  readonly architecture: string
  readonly osabi: string
  readonly features: readonly Feature[]
  /** The registers sent with each stop: the stack, the frame and the instruction. */
  readonly expedited: readonly string[]
}

export class RegisterLayout {
  /** By gdb's number. */
  readonly registers: readonly PlacedRegister[]
  /** All registers together. */
  readonly bytes: number
  readonly xml: string
  /** Register numbers. */
  readonly expedited: readonly number[]

  constructor(description: Description) {
    const registers: PlacedRegister[] = []
    let offset = 0
    for (const field of description.features.flatMap((feature) => feature.registers)) {
      const bytes = field.bits / 8
      registers.push({...field, offset, bytes})
      offset += bytes
    }
    this.registers = registers
    this.bytes = offset
    this.xml = toXml(description)
    this.expedited = description.expedited.map((name) => registers.findIndex((one) => one.name === name))
  }
}

/** `count` registers of one kind: `x0`, `x1` …. */
export function numbered(
  prefix: string,
  count: number,
  field: Omit<RegisterField, 'name'>,
  suffix = '',
): RegisterField[] {
  return Array.from({length: count}, (_, i) => ({...field, name: `${prefix}${i}${suffix}`}))
}

/** XML of a register's flags: the bit of each by its name, or the first and the last of several. */
export function flags(id: string, fields: Readonly<Record<string, number | readonly number[]>>): string {
  const lines = Object.entries(fields).map(([name, bits]) => {
    const [start, end = start] = [bits].flat()
    return `<field name="${name}" start="${start}" end="${end}"/>\n`
  })
  return `<flags id="${id}" size="4">\n${lines.join('')}</flags>\n`
}

/** XML of vectors: the type of their items by their name, in which the first number is how many these are: `v4u`. */
export function vectors(types: Readonly<Record<string, string>>): string {
  const lines = Object.entries(types).map(
    ([id, type]) => `<vector id="${id}" type="${type}" count="${/\d+/.exec(id)}"/>\n`,
  )
  return lines.join('')
}

/** XML of a union: the type of each field by its name. */
export function union(id: string, fields: Readonly<Record<string, string>>): string {
  const lines = Object.entries(fields).map(([name, type]) => `<field name="${name}" type="${type}"/>\n`)
  return `<union id="${id}">\n${lines.join('')}</union>\n`
}

function toXml({architecture, osabi, features}: Description): string {
  return `<?xml version="1.0"?>
<!DOCTYPE target SYSTEM "gdb-target.dtd">
<target version="1.0">
<architecture>${architecture}</architecture>
<osabi>${osabi}</osabi>
${features.map(featureXml).join('')}</target>
`
}

function featureXml({name, types = '', registers}: Feature): string {
  return `<feature name="${name}">\n${types}${registers.map(registerXml).join('')}</feature>\n`
}

function registerXml({name, bits, type, group}: RegisterField): string {
  const grouped = group === undefined ? '' : ` group="${group}"`
  return `<reg name="${name}" bitsize="${bits}" type="${type}"${grouped}/>\n`
}
