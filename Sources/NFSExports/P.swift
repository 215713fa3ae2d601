enum PlaceholderNFSExports {}
