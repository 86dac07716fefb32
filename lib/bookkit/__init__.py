"""What a chapter needs that is not physics: figures, check tables, execution and the pages around them."""
