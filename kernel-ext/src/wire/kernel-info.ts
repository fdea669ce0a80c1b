// Content of kernel_info_reply: what front ends need to know for highlighting and for messages.
export function kernelInfo(typescriptVersion: string): Record<string, unknown> {
  return {
    status: "ok",
    protocol_version: "5.4",
    implementation: "dmpo",
    implementation_version: "0.1.0",
    language_info: {
      name: "typescript",
      version: typescriptVersion,
      mimetype: "text/typescript",
      file_extension: ".ts",
      pygments_lexer: "typescript",
      // JupyterLab looks at "mode", the classic notebook at "name" and "typescript".
      codemirror_mode: { mode: "typescript", name: "javascript", typescript: true },
      nbconvert_exporter: "script",
    },
    banner: `DMPO: TypeScript ${typescriptVersion} on Node ${process.versions.node}`,
    help_links: [{ text: "TypeScript handbook", url: "https://www.typescriptlang.org/docs/handbook/" }],
  };
}
