// Tiers and circles (DESIGN 3): a file imports from its own folder or a lower tier, types included; values never in a
// circle. Lint says the same per folder; this one also knows folders that lint was not told of.

import { edgesByFile, importEdges, type ImportEdge } from './import-graph.ts'
import { sourcesBelow, type FileMap } from './source-tree.ts'

const tierOf: Readonly<Record<string, number>> = {
  base: 0,
  store: 1,
  format: 1,
  client: 1,
  volume: 2,
  engine: 3,
  nodefs: 4,
  fuse: 4,
  's3-endpoint': 4,
  exec: 4,
  platform: 5,
  console: 5,
  cli: 6,
}

/** Folder right below src, or undefined for a public entry. */
function roomOf(path: string): string | undefined {
  const parts = path.split('/')
  return parts.length > 2 ? parts[1] : undefined
}

/** Imports that go up or sideways, leave src, name no file, or see more of `store` than its interface. */
export function checkTiers(files: FileMap): readonly string[] {
  const unknown = new Set<string>()
  for (const [path] of sourcesBelow(files, 'src')) {
    const room = roomOf(path)
    if (room !== undefined && !(room in tierOf)) unknown.add(room)
  }
  const faults = [...unknown].map((room) => `src/${room}: a folder without a tier; give it one in DESIGN and here`)
  for (const edge of importEdges(files)) {
    const fault = edgeFault(edge, files)
    if (fault) faults.push(`${edge.from} imports ${edge.to}: ${fault}`)
  }
  return faults
}

function edgeFault(edge: ImportEdge, files: FileMap): string | undefined {
  if (!edge.to.startsWith('src/')) return edge.to === 'package.json' ? undefined : 'it lies outside src'
  if (!files.has(edge.to)) return 'no such file'
  const [from, to] = [roomOf(edge.from), roomOf(edge.to)]
  if (from === undefined) return undefined
  if (to === undefined) return 'a public entry only re-exports; import from the file that defines'
  if (from === to) return undefined
  if ((tierOf[to] ?? 0) >= (tierOf[from] ?? 0)) return `tier ${tierOf[to]} is not below tier ${tierOf[from]}`
  if (from === 'volume' && to === 'store' && edge.to !== 'src/store/store.ts')
    return 'volume sees store/store.ts and nothing else of store'
  return undefined
}

/** Circles of imports that exist at run time, each named once. */
export function checkCircles(files: FileMap): readonly string[] {
  const byFile = edgesByFile(importEdges(files).filter((edge) => !edge.typeOnly))
  const done = new Set<string>()
  const faults: string[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    if (done.has(path)) return
    const at = trail.indexOf(path)
    if (at >= 0) {
      faults.push(`circle: ${[...trail.slice(at), path].join(' > ')}`)
      return
    }
    for (const edge of byFile.get(path) ?? []) visit(edge.to, [...trail, path])
    done.add(path)
  }
  for (const path of byFile.keys()) visit(path, [])
  return faults
}
