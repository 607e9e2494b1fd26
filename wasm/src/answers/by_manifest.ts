/** See {@link InspectOptions}. */
export interface InspectOptions {
    /** Takes names of keys from this manifest. */
    manifest?: ManifestFiles;
}

/**
 * See {@link VerifyOptions}: `trust`, `keys` or else `manifest` says whose signatures count, one of them has to be there.
 * A manifest with one of the others says of what device the file must be, and none of its keys is asked for.
 */
export interface VerifyOptions {
    /** The manifest of the device: product, layout and counter come from it, and keys unless they are given. */
    manifest?: ManifestFiles;
    /** The slot that the image is to run in; else the one of its run address. */
    slot?: string;
    /** The file is what was read back of that slot, from its first byte on. */
    dump?: boolean;
}
