enum PlaceholderNFSClient {}
