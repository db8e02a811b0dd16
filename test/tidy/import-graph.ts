// Relative imports of a source tree, read without a compiler: dependency-cruiser under TypeScript 7 scans nothing and
// says success.

import { posix } from 'node:path'
import { sourcesBelow, type FileMap } from './source-tree.ts'

export interface ImportEdge {
  readonly from: string
  readonly to: string
  /** `import type` and `export type`: gone at run time. */
  readonly typeOnly: boolean
}

const statement = /^[ \t]*(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s*)?['"](\.[^'"]+)['"]/gm
const inline = /\bimport\(\s*['"](\.[^'"]+)['"]\s*\)(\s*\.)?/g

/** Every relative import of src, resolved to a path of the tree. */
export function importEdges(files: FileMap): readonly ImportEdge[] {
  return sourcesBelow(files, 'src').flatMap(([from, text]) => {
    const to = (specifier: string): string => posix.normalize(posix.join(posix.dirname(from), specifier))
    return [
      ...Array.from(text.matchAll(statement), (match) => ({
        from,
        to: to(match[2] as string),
        typeOnly: match[1] !== undefined,
      })),
      ...Array.from(text.matchAll(inline), (match) => ({
        from,
        to: to(match[1] as string),
        typeOnly: match[2] !== undefined,
      })),
    ]
  })
}

/** Edges by importing file. */
export function edgesByFile(edges: readonly ImportEdge[]): ReadonlyMap<string, readonly ImportEdge[]> {
  const byFile = new Map<string, ImportEdge[]>()
  for (const edge of edges) byFile.set(edge.from, [...(byFile.get(edge.from) ?? []), edge])
  return byFile
}
