// dmpo-kernel: the Jupyter kernel in which the SDK feels at home.
export { kernelName, kernelspec, type Kernelspec } from "./kernelspec.js";
