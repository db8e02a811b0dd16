// Where Node 20 and later versions word or check an argument differently, ours follows the running one.

const major = Number(process.versions.node.split('.')[0])

/** Node 20 and 21: before argument checks moved into the binding and result dates onto prototypes. */
export const checksAsNode20: boolean = major < 22
