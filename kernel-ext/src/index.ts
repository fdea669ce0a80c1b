// dmpo-kernel: the Jupyter kernel in which the SDK feels at home. So far only its place in the house.

/** Name under which the kernel will appear in Jupyter. */
export const kernelName = "dmpo";
